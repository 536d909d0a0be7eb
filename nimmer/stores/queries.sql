-- Every fixed statement nimmer.stores.postgres runs, by name. Placeholders are psycopg's.

-- name: stage_trails
create temp table if not exists staged_trails (like decision_trails) on commit delete rows;

-- name: keep_new_trails
insert into decision_trails select * from staged_trails on conflict do nothing;

-- name: keep_transition
insert into gate_transitions (
    run, npc, tick, gate, from_state, to_state, state_value, cause, routed_to_tier,
    correlation_score, lifeforce_cost, weight, trigger_signals, at
)
values (%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)
on conflict do nothing;

-- name: trails
select
    run, npc, tick, world_tick, at, level, node, verb, slot, nerve, nerve_state, gates, waves, transitions,
    energy, lifeforce, cost, reward, coverage, rejection, lateness_us, compute_us
from decision_trails
where (%(run)s::text is null or run = %(run)s)
  and (%(npc)s::int is null or npc = %(npc)s)
  and at >= greatest(%(since)s, now() - %(window)s::interval)
order by at desc, run, npc, tick desc
limit %(limit)s;

-- name: count_trails
select count(*) from decision_trails where run = %(run)s;

-- name: latest_snapshot
select run, world_tick, level, digest, state
from world_snapshots
where run = %(run)s
order by world_tick desc, level desc
limit 1;
