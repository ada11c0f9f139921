-- The events of a project: each part by an index of its own. An index has the beginning
-- of a text.
SELECT id FROM audit_events WHERE substr(repository, 1, 200) IN @prefixes AND repository IN @repositories
UNION SELECT id FROM audit_events WHERE entity_kind = 'project' AND entity_id = @id
UNION SELECT id FROM audit_events WHERE entity_path IS NOT NULL AND substr(entity_path, 1, 200) = @prefix AND entity_path = @path
