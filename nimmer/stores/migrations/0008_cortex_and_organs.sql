-- What was asked of the cortex and of the organs, and what became of it. Source: docs/domain.md sections 9 to 11.

create table cortex_calls (
    run               text collate "C" not null,
    call              text not null,
    at                timestamptz not null,
    ended_at          timestamptz,
    identity          text not null,
    npc               integer,
    world_tick        bigint,
    priority          smallint not null,
    event_type        text not null,
    domain            text not null,
    outcome           text not null,
    reason            text,
    model             text,
    wait_ms           double precision,
    engine_ms         double precision,
    prompt_tokens     integer,
    completion_tokens integer,
    lifeforce         double precision,
    request           jsonb,
    response          jsonb,
    commands          jsonb,
    primary key (run, call)
);
comment on table cortex_calls is 'One request to the cortex, whatever became of it.';
comment on column cortex_calls.identity is 'Who asked: nyx-training for the NPCs (by the boundary), else a person''s or tool''s identity.';
comment on column cortex_calls.outcome is 'answered, denied, refused, expired, cancelled, timeout, failed, stale or nacked.';
comment on column cortex_calls.commands is 'The typed commands that followed, each with what the world said of it.';
create index cortex_calls_npc on cortex_calls (run, npc, world_tick);

create table organ_operations (
    run        text collate "C" not null,
    operation  text not null,
    at         timestamptz not null,
    ended_at   timestamptz,
    identity   text not null,
    organ      text not null,
    model      text,
    card       smallint,
    priority   smallint not null,
    outcome    text not null,
    reason     text,
    wait_ms    double precision,
    load_ms    double precision,
    run_ms     double precision,
    lifeforce  double precision,
    request    jsonb,
    result     jsonb,
    primary key (run, operation)
);
comment on table organ_operations is 'One operation of an organ: a picture looked at, speech written down or spoken.';
comment on column organ_operations.organ is 'vision, stt or tts; conversation for a whole one, which the others are part of.';
comment on column organ_operations.outcome is 'done, refused, unavailable, expired or failed.';
create index organ_operations_at on organ_operations (run, at);
