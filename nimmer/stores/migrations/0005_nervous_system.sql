-- The nervous system: what nerves did and why, what lifeforce went where, what the waves behind a gate said.
-- Source: docs/domain.md sections 3, 5, 6 and 11.

alter table decision_trails add column attention smallint not null default 0;
alter table decision_trails add column vigour smallint not null default 0;
comment on column decision_trails.attention is 'The mode of attention: nimmer.life.attention.Mode.';
comment on column decision_trails.vigour is 'How much the body can afford: nimmer.life.vigour.';

alter table gate_transitions add column node bigint not null default 0;
comment on column gate_transitions.node is 'The key of the node (the pattern) that fired; 0 none.';
comment on column gate_transitions.trigger_signals is
    'The waves behind it: [{cell, confidence, timestamp, values}], cells.code, unix seconds, and the fields of the cell.';

alter table cells add column version smallint not null default 1;
comment on column cells.version is 'Versions of one cell may live side by side.';

create table nerve_trails (
    run           text collate "C" not null,
    npc           integer not null,
    serial        bigint not null,
    nerve         smallint not null,
    mode          smallint not null,
    outcome       smallint not null,
    event         smallint not null,
    gate          smallint not null,
    cause         smallint not null,
    matched       boolean not null,
    tier          smallint not null,
    tick          bigint not null,
    opened_tick   bigint not null,
    started_tick  bigint not null,
    ended_tick    bigint not null,
    started_at    timestamptz not null,
    acted_at      timestamptz,
    ended_at      timestamptz not null,
    states        jsonb not null,
    reads         jsonb not null,
    commands      jsonb not null,
    cost          real not null,
    reward        real not null,
    rubric        real not null,
    weight        real not null,
    weight_delta  real not null,
    latency_ms    real,
    primary key (run, npc, serial)
);
create index nerve_trails_tick on nerve_trails (run, npc, tick);
create index nerve_trails_ended on nerve_trails (ended_at);
create index nerve_trails_of_npc on nerve_trails (npc, ended_at);
comment on table nerve_trails is 'One run of one nerve: why it woke, what it did, what came of it.';
comment on column nerve_trails.serial is 'Counts an NPC''s nerve trails from 1; `nimmer trails why NPC/SERIAL` explains one.';
comment on column nerve_trails.mode is '0 deliberate, 1 hybrid, 2 reflex.';
comment on column nerve_trails.outcome is '0 abandoned, 1 success, 2 failure, 3 timeout.';
comment on column nerve_trails.event is '1: this run compiled the nerve to a reflex; 2: it was demoted.';
comment on column nerve_trails.cause is 'Why the gate had opened: nimmer.life.gate.Cause.';
comment on column nerve_trails.tier is 'The tier it counts on: what its gate routed to, 4 when the nerve had to think.';
comment on column nerve_trails.tick is 'The NPC''s own tick it ended in; opened_tick: the one its gate opened in.';
comment on column nerve_trails.started_tick is 'World ticks, as ended_tick.';
comment on column nerve_trails.acted_at is 'Its first act, null when it never acted.';
comment on column nerve_trails.latency_ms is 'From the wave that called for it to the first act.';
comment on column nerve_trails.rubric is 'The training currency, never summed with lifeforce.';
comment on column nerve_trails.weight is 'The gate''s weight before the outcome; weight_delta: what the outcome made of it.';

drop table lifeforce_ledger;
create table lifeforce_ledger (
    run          text collate "C" not null,
    beat         bigint not null,
    entity       text not null,
    kind         text not null check (kind in ('charge', 'reward')),
    reason       text not null,
    at           timestamptz not null,
    amount_micro bigint not null,
    unpaid_micro bigint not null,
    entries      bigint not null,
    primary key (run, entity, beat, kind, reason)
);
comment on table lifeforce_ledger is 'Lifeforce charged and rewarded, summed per beat, entity and reason, in millionths.';
comment on column lifeforce_ledger.beat is 'The attention beat of 30 s, counted over the entity''s life.';
comment on column lifeforce_ledger.amount_micro is 'What was paid or received; unpaid_micro: what could not be paid.';
comment on column lifeforce_ledger.entries is 'How many single charges or rewards the amount sums.';

create table heartbeats (
    run         text collate "C" not null,
    entity      text not null,
    beat        bigint not null,
    at          timestamptz not null,
    level_micro bigint not null,
    lambda      real,
    budget_ms   real not null,
    rubric      real not null,
    attention   smallint not null,
    vigour      smallint not null,
    ticks       bigint not null,
    openings    bigint not null,
    primary key (run, entity, beat)
);
comment on table heartbeats is 'The close of one beat: lifeforce left, in millionths, and how the body fared.';
comment on column heartbeats.lambda is 'Income over expense; null while nothing is spent.';
comment on column heartbeats.budget_ms is 'What was left of the 30,000 ms of attention.';
comment on column heartbeats.rubric is 'The training currency earned so far.';

create table correlation_events (
    run                   text collate "C" not null,
    event                 text not null,
    at                    timestamptz not null,
    gate_id               text not null,
    window_ms             real not null,
    signals_in_window     jsonb not null,
    correlation_matrix    jsonb not null,
    aggregate_correlation real not null,
    result                text not null,
    training_label        jsonb,
    primary key (run, event)
);
comment on table correlation_events is 'What the virtual garden correlated: material to train gates with.';

create view wave_signals as
select
    t.run,
    t.npc,
    t.tick,
    t.gate,
    t.to_state,
    case (s ->> 'cell')::int
        when 65535 then 'governor'
        when 65534 then 'verified'
        when 65533 then 'attention'
        else coalesce(c.cell_name, 'cell ' || (s ->> 'cell'))
    end as cell_name,
    c.domain,
    (s ->> 'confidence')::real as confidence,
    to_timestamp((s ->> 'timestamp')::double precision) as emitted_at,
    (
        select jsonb_object_agg(f.name, s -> 'values' -> (f.place - 1)::int)
        from jsonb_array_elements_text(c.fields) with ordinality as f(name, place)
        where jsonb_typeof(s -> 'values' -> (f.place - 1)::int) is not null
    ) as semantic_content
from gate_transitions as t
cross join lateral jsonb_array_elements(t.trigger_signals) as s
left join cells as c on c.run = t.run and c.code = (s ->> 'cell')::int;
comment on view wave_signals is 'The waves that moved a gate, in words. Other waves are on the bus only.';

create view nerve_history as
select
    t.run,
    t.npc,
    t.serial,
    coalesce(n.nerve_name, 'nerve ' || t.nerve) as nerve_name,
    (array['deliberate', 'hybrid', 'reflex'])[t.mode + 1] as mode,
    (array['abandoned', 'success', 'failure', 'timeout'])[t.outcome + 1] as outcome,
    (
        select jsonb_agg(coalesce(n.states ->> code::int, code) order by place)
        from jsonb_array_elements_text(t.states) with ordinality as s(code, place)
    ) as states_visited,
    t.commands,
    t.cost,
    t.reward,
    t.reward - t.cost as net,
    t.rubric,
    t.started_at,
    t.ended_at,
    t.latency_ms,
    coalesce(g.gate_name, 'gate ' || t.gate) as gate_name,
    t.weight,
    t.weight_delta,
    t.tick,
    t.opened_tick
from nerve_trails as t
left join nerves as n on n.run = t.run and n.code = t.nerve
left join gates as g on g.run = t.run and g.code = t.gate;
comment on view nerve_history is 'nerve_trails with nerves, modes, states and gates by name.';

create view verification_outcomes as
select
    t.run,
    t.npc,
    t.serial,
    g.gate_name,
    g.domain,
    (array['partial', 'confirmed', 'failed', 'failed'])[t.outcome + 1] as outcome,
    t.weight_delta as gate_weight_delta,
    t.ended_at as verified_at
from nerve_trails as t
left join gates as g on g.run = t.run and g.code = t.gate;
comment on view verification_outcomes is 'What came of each opening a nerve acted on, as the gate learned it.';

create view reflexes as
select
    run, npc, serial, nerve_name, case event when 1 then 'compiled' else 'demoted' end as event, ended_at as at, weight
from (
    select t.*, n.nerve_name
    from nerve_trails as t
    left join nerves as n on n.run = t.run and n.code = t.nerve
) as t
where event <> 0;
comment on view reflexes is 'When a nerve became a reflex, and when it ceased to be one.';

create view lifeforce_balance as
with moved as (
    select
        run, entity, beat, sum(case kind when 'reward' then amount_micro else -amount_micro end) as micro
    from lifeforce_ledger
    group by run, entity, beat
), summed as (
    select
        run,
        entity,
        beat,
        h.level_micro,
        sum(coalesce(m.micro, 0)) over (partition by run, entity order by beat) as ledger_micro
    from heartbeats as h
    full join moved as m using (run, entity, beat)
)
select run, entity, beat, level_micro, ledger_micro from summed where level_micro is not null;
comment on view lifeforce_balance is 'The level at the close of each beat beside the sum of the ledger up to it: they are equal.';
