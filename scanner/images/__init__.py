"""Pictures of sides: made in strips, and proved whole."""
