-- What happens in every tick: trails and gate transitions. Source: docs/domain.md section 11.
-- No foreign keys: rows of a run may arrive before the row of the run itself, and a check per row would
-- cost more than the row.

create table runs (
    run         text collate "C" primary key check (run ~ '^[0-9a-f]{16}$'),
    seed        bigint not null,
    environment text not null,
    npcs        integer not null,
    level       integer not null,
    started_at  timestamptz not null,
    ended_at    timestamptz,
    summary     jsonb
);
comment on table runs is 'One life of a village, from nimmer up to nimmer down.';
comment on column runs.run is 'The id of the run: 16 hex digits.';
comment on column runs.seed is 'With the action log this makes the whole run again.';
comment on column runs.level is 'The level of the world the run started at.';
comment on column runs.summary is 'What the run came to, written when it ends.';

create table decision_trails (
    npc         integer not null,
    tick        bigint not null,
    world_tick  bigint not null,
    at          timestamptz not null,
    level       integer not null,
    node        integer not null,
    gates       integer not null,
    energy      real not null,
    lifeforce   real not null,
    cost        real not null,
    reward      real not null,
    coverage    real not null,
    lateness_us real not null,
    compute_us  real not null,
    verb        smallint not null,
    slot        smallint not null,
    nerve       smallint not null,
    nerve_state smallint not null,
    waves       smallint not null,
    transitions smallint not null,
    rejection   smallint not null,
    run         text collate "C" not null,
    primary key (run, npc, tick)
);
-- rows arrive in the order of `at`, so block ranges find a time span, at a hundredth of a b-tree's price per row
create index decision_trails_at on decision_trails using brin (at) with (pages_per_range = 32, autosummarize = on);
comment on table decision_trails is 'One tick of one NPC: what it saw, what moved it, what it did, what it cost.';
comment on column decision_trails.tick is 'The NPC''s own tick, counted from 1; with run and npc the key.';
comment on column decision_trails.world_tick is 'The tick of the world the NPC saw.';
comment on column decision_trails.at is 'When it happened, from the event itself and never from the insert.';
comment on column decision_trails.node is 'Where the NPC stood: a node of the world graph.';
comment on column decision_trails.verb is '0 stay, 1 move, 2 look, 3 talk, 4 ask_cortex.';
comment on column decision_trails.slot is 'The neighbour slot of a move (0 north, 1 east, 2 south, 3 west), else -1.';
comment on column decision_trails.nerve is '0: the brain decided; else the code of the nerve that did (nerves.code).';
comment on column decision_trails.nerve_state is 'The state of that nerve.';
comment on column decision_trails.gates is 'Two bits per gate, lowest first: 0 closed, 1 stable, 2 open.';
comment on column decision_trails.waves is 'Waves its cells emitted in this tick.';
comment on column decision_trails.transitions is 'Gate transitions in this tick.';
comment on column decision_trails.energy is 'The body''s battery, 0..1.';
comment on column decision_trails.lifeforce is 'Lifeforce units left after the tick.';
comment on column decision_trails.cost is 'Lifeforce units spent in the tick.';
comment on column decision_trails.reward is 'Reward since the tick before.';
comment on column decision_trails.coverage is 'Share of the locations the NPC knows, 0..1.';
comment on column decision_trails.rejection is 'Why the world refused the action before; 0 it did not.';
comment on column decision_trails.lateness_us is 'How late the tick began, microseconds.';
comment on column decision_trails.compute_us is 'How long the tick computed, microseconds.';

create table gate_transitions (
    run               text collate "C" not null,
    npc               integer not null,
    tick              bigint not null,
    gate              smallint not null,
    from_state        smallint not null,
    to_state          smallint not null,
    state_value       real not null,
    cause             smallint not null,
    routed_to_tier    smallint not null,
    correlation_score real not null,
    lifeforce_cost    real not null,
    weight            real not null,
    trigger_signals   jsonb not null,
    at                timestamptz not null,
    -- a gate may reach one state twice in a tick, but then not at the same value
    primary key (run, npc, tick, gate, from_state, to_state, state_value)
);
create index gate_transitions_at on gate_transitions (at);
comment on table gate_transitions is 'Every change of a resonant gate.';
comment on column gate_transitions.tick is 'The NPC''s own tick, as in decision_trails.';
comment on column gate_transitions.gate is 'The code of the gate (gates.code).';
comment on column gate_transitions.from_state is '-1 closed, 0 stable, 1 open; to_state likewise.';
comment on column gate_transitions.state_value is 'The gate''s accumulator, -1.5..1.5.';
comment on column gate_transitions.cause is 'What caused it: nimmer.life.gate.Cause.';
comment on column gate_transitions.routed_to_tier is 'The tier the gate routes to, 0..5.';
comment on column gate_transitions.correlation_score is 'Correlation of the wave that triggered it, -1..1.';
comment on column gate_transitions.weight is 'The gate''s weight (trust) then, 0..1.';
comment on column gate_transitions.trigger_signals is 'The waves behind it: [{cell, confidence, timestamp}], cells.code and unix seconds.';
