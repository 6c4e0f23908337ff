"""A folder into which a device saves files."""
