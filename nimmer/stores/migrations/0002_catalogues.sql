-- What the codes in trails and transitions mean, per run, and who lives in it. Source: docs/domain.md section 11.
-- Rows here replace their older selves: a catalogue says what is, not what was.

create table npcs (
    run         text collate "C" not null,
    npc         integer not null,
    host        text not null,
    brain       text not null,
    level       integer not null,
    generation  bigint not null,
    born_at     timestamptz not null,
    role        text,
    weights_uri text,
    primary key (run, npc)
);
comment on table npcs is 'The NPCs of a run.';
comment on column npcs.brain is 'The kind of brain that decides for it.';
comment on column npcs.generation is 'How often it was born: 1, and one more per restart.';
comment on column npcs.weights_uri is 'Where its brain''s weights lie, if it has any.';

create table cells (
    run            text collate "C" not null,
    code           smallint not null,
    cell_name      text not null,
    cell_type      text,
    domain         text not null,
    tier           smallint not null,
    lifeforce_cost real not null,
    states         jsonb,
    transitions    jsonb,
    fields         jsonb,
    primary key (run, code)
);
comment on table cells is 'The kinds of cells in a run.';
comment on column cells.code is 'How records of this run name the cell.';
comment on column cells.lifeforce_cost is 'Lifeforce units per wave.';
comment on column cells.fields is 'The semantic fields of its waves.';

create table gates (
    run                   text collate "C" not null,
    code                  smallint not null,
    gate_name             text not null,
    domain                text not null,
    tier                  smallint not null,
    weight                real not null,
    open_threshold        real not null,
    close_threshold       real not null,
    decay_factor          real not null,
    correlation_window_ms integer not null,
    primary key (run, code)
);
comment on table gates is 'The gates of an NPC''s body in a run; their history is in gate_transitions.';
comment on column gates.code is 'How transitions of this run name the gate, and its place in decision_trails.gates.';
comment on column gates.weight is 'The weight (trust) a gate is born with, 0..1.';

create table nerves (
    run              text collate "C" not null,
    code             smallint not null,
    nerve_name       text not null,
    trigger_gate     text,
    priority         real,
    mode             text,
    states           jsonb,
    transitions      jsonb,
    controlled_cells jsonb,
    optional_cells   jsonb,
    primary key (run, code)
);
comment on table nerves is 'The nerves of an NPC''s body in a run.';
comment on column nerves.code is 'How decision_trails.nerve names it.';
comment on column nerves.states is 'Its states; decision_trails.nerve_state is an index into them.';
