"""The vault: encrypted database, content-addressed blobs, jobs and journal."""
