-- Rows twice that `apply` does not write and no constraint forbids, as SQL by
-- hand or an older program may have left them.

-- A protected branch and a protected tag twice, with entries that differ.
INSERT INTO protections (project_id, kind, pattern, allow_force_push) VALUES (60, 'branch', 'main', true), (60, 'tag', 'v*', false);
INSERT INTO protection_entries (protection_id, verb, level)
    SELECT max(id), 'push', 30 FROM protections WHERE kind = 'branch' AND pattern = 'main' AND project_id = 60;
INSERT INTO protection_entries (protection_id, verb, level)
    SELECT max(id), 'create', 30 FROM protections WHERE kind = 'tag' AND pattern = 'v*' AND project_id = 60;

-- An entry of a protection twice.
INSERT INTO protection_entries (protection_id, verb, level)
    SELECT id, 'push', 30 FROM protections WHERE pattern = 'release/*' AND project_id = 60;

-- A message twice.
INSERT INTO broadcasts (message, type, starts_at, ends_at, target_path, show_in_git)
    SELECT message, type, starts_at, ends_at, target_path, show_in_git FROM broadcasts;
