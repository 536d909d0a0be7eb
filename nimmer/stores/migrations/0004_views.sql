-- Trails and transitions in words, for people. Source: docs/domain.md sections 3, 8 and 11.

create view trails_in_words as
select
    t.run,
    t.npc,
    t.tick,
    t.at,
    t.node,
    (array['stay', 'move', 'look', 'talk', 'ask_cortex'])[t.verb + 1] as verb,
    case when t.verb = 1 then t.slot end as slot,
    case when t.nerve = 0 then 'brain' else coalesce(n.nerve_name, 'nerve ' || t.nerve) end as decided_by,
    array(
        select coalesce(g.gate_name, 'gate ' || b.code)
        from generate_series(0, 7) as b(code)
        left join gates as g on g.run = t.run and g.code = b.code
        where (t.gates >> (2 * b.code)) & 3 = 2
        order by b.code
    ) as open_gates,
    t.energy,
    t.lifeforce,
    t.reward,
    t.coverage
from decision_trails as t
left join nerves as n on n.run = t.run and n.code = t.nerve;
comment on view trails_in_words is 'decision_trails with verbs, nerves and open gates by name.';

create view gate_history as
select
    t.run,
    t.npc,
    t.tick,
    t.at,
    coalesce(g.gate_name, 'gate ' || t.gate) as gate_name,
    g.domain,
    (array['closed', 'stable', 'open'])[t.from_state + 2] as from_state,
    (array['closed', 'stable', 'open'])[t.to_state + 2] as to_state,
    t.state_value,
    t.correlation_score,
    t.weight,
    t.lifeforce_cost,
    t.trigger_signals
from gate_transitions as t
left join gates as g on g.run = t.run and g.code = t.gate;
comment on view gate_history is 'gate_transitions with gates and states by name.';

create view gate_statistics as
select
    t.run,
    t.gate,
    min(g.gate_name) as gate_name,
    count(*) as total_transitions,
    count(*) filter (where t.to_state = 1) as opens_count,
    count(*) filter (where t.to_state = -1) as closes_count,
    avg(t.correlation_score) filter (where t.to_state = 1) as avg_correlation_at_open,
    sum(t.lifeforce_cost) as lifeforce_spent
from gate_transitions as t
left join gates as g on g.run = t.run and g.code = t.gate
group by t.run, t.gate;
comment on view gate_statistics is 'What each gate did in a run, over all NPCs.';
