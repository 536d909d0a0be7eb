-- Every fixed statement nimmer.stores.postgres runs, by name. Placeholders are psycopg's.

-- name: stage_trails
create temp table if not exists staged_trails (like decision_trails) on commit delete rows;

-- name: keep_new_trails
insert into decision_trails select * from staged_trails on conflict do nothing;

-- name: keep_transition
insert into gate_transitions (
    run, npc, tick, gate, from_state, to_state, state_value, cause, routed_to_tier,
    correlation_score, lifeforce_cost, weight, node, trigger_signals, at
)
values (%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)
on conflict do nothing;

-- name: trails
select
    run, npc, tick, world_tick, at, level, node, verb, slot, nerve, nerve_state, gates, waves, transitions,
    energy, lifeforce, cost, reward, coverage, rejection, lateness_us, compute_us, attention, vigour
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

-- name: last_run_of
select run from nerve_trails where npc = %(npc)s order by ended_at desc limit 1;

-- name: nerve_trail
select
    t.run, t.npc, t.serial, t.nerve, h.nerve_name, h.mode, h.outcome, t.event, h.gate_name, t.gate, t.cause, t.matched, t.tier,
    h.states_visited, t.reads, t.commands, t.cost, t.reward, t.rubric, t.weight, t.weight_delta, t.tick, t.opened_tick,
    t.started_tick, t.ended_tick, t.started_at, t.acted_at, t.ended_at, t.latency_ms
from nerve_trails as t
join nerve_history as h using (run, npc, serial)
where t.run = %(run)s and t.npc = %(npc)s and t.serial = %(serial)s;

-- name: nerve_trail_at
select t.serial
from nerve_trails as t
left join decision_trails as d on d.run = t.run and d.npc = t.npc and d.tick = %(tick)s
where t.run = %(run)s and t.npc = %(npc)s and t.opened_tick <= %(tick)s and t.tick >= %(tick)s
order by (t.nerve = d.nerve) desc nulls last, t.tick, t.serial
limit 1;

-- name: openings
select tick, from_state, to_state, state_value, correlation_score, weight, lifeforce_cost, node, at
from gate_transitions
where run = %(run)s and npc = %(npc)s and gate = %(gate)s and tick = %(tick)s
order by at, from_state;

-- name: trigger_waves
select distinct cell_name, domain, confidence, emitted_at, semantic_content
from wave_signals
where run = %(run)s and npc = %(npc)s and gate = %(gate)s and tick = %(tick)s and to_state = 1
order by emitted_at;

-- name: steps
select tick, world_tick, at, node, verb, slot, nerve, nerve_state, rejection, reward
from decision_trails
where run = %(run)s and npc = %(npc)s and tick between %(opened)s and %(ended)s
  and world_tick between %(first)s and %(last)s and nerve = %(nerve)s
order by tick
limit %(limit)s;

-- name: newest_nerve_trails
select run, npc, serial, nerve_name, mode, outcome, cost, reward, latency_ms, started_at, ended_at, gate_name, weight
from nerve_history
where (%(run)s::text is null or run = %(run)s) and (%(npc)s::int is null or npc = %(npc)s)
  and ended_at >= %(since)s
order by ended_at desc, run, npc, serial desc
limit %(limit)s;

-- name: newest_governor_epoch
select run, epoch from governor_decisions
where (%(run)s::text is null or run = %(run)s)
order by at desc, epoch desc
limit 1;

-- name: governor_epoch
select
    run, epoch, npc, at, mode, policy, weights, tick_hz, cpu_percent, nice, gates, llm_priority, cortex_permission, clamped,
    inputs, world, proposed, corrections, reasons, recommended, outcome, reward
from governor_decisions
where run = %(run)s and epoch = %(epoch)s
order by npc;

-- name: governor_recommendations
select epoch, npc, at, tick_hz, cpu_percent, llm_priority, recommended, outcome
from governor_decisions
where run = %(run)s and recommended is not null and epoch in (
    select distinct epoch from governor_decisions
    where run = %(run)s and recommended is not null
    order by epoch desc
    limit %(limit)s
)
order by epoch, npc;

-- name: answered_calls
select run, call, npc, coalesce(world_tick, 0) as world_tick,
       coalesce(request -> 'structured_input' ->> 'question', event_type) as question, response ->> 'answer' as answer,
       coalesce(commands, '[]'::jsonb) as commands
from cortex_calls
where outcome = 'answered' and npc is not null and response ? 'answer'
  and identity in ('nyx-training', 'conversation') -- what a guest asks in an NPC's name is no memory of the NPC
  and not coalesce(commands, '[]'::jsonb) @> '[{"command": ""}]'
order by at, run, call;
