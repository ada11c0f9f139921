{{- /* What each queue of River's holds, in the states of jobs.sql, and when the first of its
waiting jobs is due: one that is held is not. */ -}}

SELECT
    queue,
    min(CASE WHEN state IN ('available', 'retryable', 'scheduled') THEN scheduled_at END),
    count(CASE WHEN state NOT IN ('running', 'completed', 'discarded', 'cancelled') THEN 1 END),
    count(CASE WHEN state = 'running' THEN 1 END),
    count(CASE WHEN state = 'completed' THEN 1 END),
    count(CASE WHEN state IN ('discarded', 'cancelled') THEN 1 END)
FROM river_job
GROUP BY queue
ORDER BY queue
