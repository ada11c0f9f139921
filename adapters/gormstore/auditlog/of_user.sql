-- The events of a user: each part by an index of its own. An index has the beginning of
-- a name.
SELECT id FROM audit_events WHERE user_id = @id
UNION SELECT id FROM audit_events WHERE sudo_id = @id
UNION SELECT id FROM audit_events WHERE username IS NOT NULL AND substr(username, 1, 200) = @prefix AND username = @name
UNION SELECT id FROM audit_events WHERE sudo_name IS NOT NULL AND substr(sudo_name, 1, 200) = @prefix AND sudo_name = @name
