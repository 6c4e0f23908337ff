"""The reference portal: idempotent registration, resumable uploads, receipts."""
