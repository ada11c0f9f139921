{{- /* Keeps a subscription as it is, before it changes. */ -}}

INSERT INTO subscription_history (
    changed_at, subscription_id, namespace_id, plan, start_date, end_date, seats, max_seats_used,
    seats_in_use, seats_owed, auto_renew, trial, trial_starts_on, trial_ends_on, trial_extension_type,
    max_seats_used_changed_at, created_at, updated_at
)
SELECT
    {{.Arg "changed_at"}}, id, namespace_id, plan, start_date, end_date, seats, max_seats_used,
    seats_in_use, seats_owed, auto_renew, trial, trial_starts_on, trial_ends_on, trial_extension_type,
    max_seats_used_changed_at, created_at, updated_at
FROM subscriptions WHERE namespace_id = {{.Arg "namespace"}}
