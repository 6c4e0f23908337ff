"""The statements of the job table, each one step of the state machine.

Every change of a leased job names its owner, so a late comer's statement finds no row.
"""

from __future__ import annotations

ADD = """
INSERT INTO job(key, stage, version, class, dossier, inputs, params, priority, not_before)
VALUES(:key, :stage, :version, :class, :dossier, :inputs, :params, :priority, :not_before)
ON CONFLICT(key) DO NOTHING"""

CLAIM = """
UPDATE job SET state='leased', owner=:owner, boot=:boot, lease_until=:until
WHERE id=(
  SELECT id FROM job WHERE state='ready' AND priority<=:max_priority
    AND stage IN (SELECT value FROM json_each(:stages))
    AND (not_before IS NULL OR not_before<=coalesce(:now, unixepoch('subsec')))
  ORDER BY priority, id LIMIT 1)
RETURNING *"""

BEAT = """
UPDATE job SET lease_until=:until WHERE id=:job AND owner=:owner AND state='leased'
RETURNING id"""

COMPLETE = """
UPDATE job SET state='done', output=:output, error=NULL, owner=NULL, boot=NULL, lease_until=NULL
WHERE id=:job AND owner=:owner AND state='leased'
RETURNING id"""

FAIL = """
UPDATE job SET state=:state, attempts=:attempts, not_before=:retry_at, error=:error,
  owner=NULL, boot=NULL, lease_until=NULL
WHERE id=:job AND owner=:owner AND state='leased'
RETURNING id"""

DOUBT = """
UPDATE job SET state='in_doubt', owner=NULL, boot=NULL, lease_until=NULL
WHERE id=:job AND owner=:owner AND state='leased'
RETURNING id"""

RELEASE = """
UPDATE job SET owner=NULL, boot=NULL, lease_until=NULL, state=CASE
  WHEN class='pure' OR (class='repeatable' AND :untouched) THEN 'ready' ELSE 'in_doubt' END
WHERE id=:job AND owner=:owner AND state='leased'
RETURNING id"""

BURY = """
UPDATE job SET attempts=attempts+1, error=:error, owner=NULL, boot=NULL, lease_until=NULL,
  state=CASE
    WHEN class<>'pure' THEN 'in_doubt'
    WHEN attempts+1>=:max_attempts THEN 'quarantined'
    ELSE 'ready' END
WHERE state='leased'
  AND (owner=:owner OR (:owner IS NULL AND (boot<>:boot OR lease_until<:now)))
RETURNING id, state"""

RESOLVE = """
UPDATE job SET state=:to, output=:output, not_before=NULL,
  attempts=CASE WHEN :to='ready' AND :person THEN 0 ELSE attempts END
WHERE id=:job AND state=:before
RETURNING id"""
