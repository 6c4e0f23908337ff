"""What a dossier is: pure values and rules, no I/O and no clock."""
