-- name: all_progress
-- The state of every subscription that has delivered or tried to.
SELECT tenant, subscription_id, epoch, number, times_sent, times_failed,
       last_notification, last_success, last_failure, status, given_up
FROM progress
ORDER BY tenant, subscription_id

-- name: put_progress
-- Save the state of one subscription.
INSERT OR REPLACE INTO progress (
    tenant, subscription_id, epoch, number, times_sent, times_failed,
    last_notification, last_success, last_failure, status, given_up
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: forget_progress
-- Forget a subscription that has ended.
DELETE FROM progress WHERE (tenant, subscription_id) IN (VALUES (?, ?))

-- name: all_retries
-- Open retries, oldest position first.
SELECT tenant, subscription_id, subject, epoch, number, attempts, due_us, reason
FROM retry
ORDER BY epoch, number, tenant, subscription_id

-- name: put_retry
-- Open a retry, or note another attempt.
INSERT OR REPLACE INTO retry (tenant, subscription_id, subject, epoch, number, attempts, due_us, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: end_retry
-- End a retry, delivered or given up.
DELETE FROM retry WHERE (tenant, subscription_id, epoch, number) IN (VALUES (?, ?, ?, ?))

-- name: forget_retries
-- End all retries of a subscription that has ended.
DELETE FROM retry WHERE (tenant, subscription_id) IN (VALUES (?, ?))

-- name: oldest_need
-- The earliest position that a subscription or retry still stands at; no row when there is none.
SELECT epoch, number FROM (
    SELECT epoch, number FROM progress
    UNION ALL
    SELECT epoch, number - 1 FROM retry
)
ORDER BY epoch, number
LIMIT 1
