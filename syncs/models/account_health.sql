-- One row per account, with what its subscriptions say about its health.
-- No clock in here: a model that looks at today's date changes every record every night.
with subscribed as (
  select
    account_id,
    count(*) filter (where status = 'active') as active_products,
    count(*) filter (where status = 'ending') as ending_products,
    sum(mrr) filter (where status <> 'paused') as mrr
  from ${var.schema}.subscriptions
  group by account_id
)
select
  a.account_id,
  a.name,
  a.legacy_id,
  a.billing_number,
  a.arr,
  a.seats,
  a.is_customer,
  a.region,
  a.postcode,
  a.phone,
  a.tags,
  a.renewal_date,
  a.last_seen_at,
  a.note,
  s.mrr,
  case
    when s.account_id is null then 'none'
    when s.active_products = 0 then 'red'
    when s.ending_products > 0 then 'yellow'
    else 'green'
  end as health
from ${var.schema}.accounts a
left join subscribed s on s.account_id = a.account_id
