-- Hooks as they are after many failures, which takes days: the pauses between
-- attempts double. The pause lasts far longer than any of them, so that no
-- answer depends on the day of the test.
UPDATE hooks SET failures = 40, disabled = true, status = 500, last_at = '2024-01-02 03:04:05.678+00:00' WHERE id = 34;
UPDATE hooks SET failures = 4, paused_until = '2126-01-02 03:04:05+00:00', status = 404, last_at = '2024-01-02 03:04:05+00:00' WHERE id = 35;
