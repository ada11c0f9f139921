-- The events of a user: each part by an index of its own.
SELECT id FROM audit_events WHERE user_id = @id
UNION SELECT id FROM audit_events WHERE sudo_id = @id
UNION SELECT id FROM audit_events WHERE username IS NOT NULL AND substr(username, 1, 200) = @name
UNION SELECT id FROM audit_events WHERE sudo_name IS NOT NULL AND substr(sudo_name, 1, 200) = @name
