-- What happens now and then: snapshots, the governor, the quiz, the ledger, incidents. Source: docs/domain.md section 11.

create table world_snapshots (
    run        text collate "C" not null,
    world_tick bigint not null,
    at         timestamptz not null,
    level      integer not null,
    digest     text not null,
    state      bytea not null,
    primary key (run, world_tick, level)
);
comment on table world_snapshots is 'The whole state of the world, from which a run can go on.';
comment on column world_snapshots.digest is 'Digest of the state; a replay must come to the same.';

create table governor_decisions (
    run               text collate "C" not null,
    epoch             bigint not null,
    npc               integer not null,
    at                timestamptz not null,
    mode              text not null,
    tick_hz           real not null,
    cpu_percent       real not null,
    nice              smallint not null,
    gates             jsonb not null,
    llm_priority      smallint not null,
    cortex_permission boolean not null,
    clamped           boolean not null,
    lifeforce_grant   real,
    reward            real,
    primary key (run, epoch, npc)
);
comment on table governor_decisions is 'What the governor allotted to each NPC in each epoch.';
comment on column governor_decisions.mode is 'Who decided: the net, the static rule, or the net only recommending.';
comment on column governor_decisions.clamped is 'Whether the safety envelope changed what was proposed.';

create table quiz_results (
    run        text collate "C" not null,
    world_tick bigint not null,
    npc        integer not null,
    at         timestamptz not null,
    level      integer not null,
    passed     boolean not null,
    asked      integer not null,
    correct    integer not null,
    missing    jsonb,
    primary key (run, world_tick, npc, level)
);
comment on table quiz_results is 'One NPC''s answers in one quiz; the village passes when every NPC passes.';
comment on column quiz_results.missing is 'The locations it did not know.';

create table lifeforce_ledger (
    run     text collate "C" not null,
    beat    bigint not null,
    entity  text not null,
    kind    text not null check (kind in ('charge', 'reward')),
    reason  text not null,
    at      timestamptz not null,
    amount  real not null,
    entries bigint not null,
    primary key (run, beat, entity, kind, reason)
);
comment on table lifeforce_ledger is 'Lifeforce charged and rewarded, summed per beat, entity and reason.';
comment on column lifeforce_ledger.beat is 'The attention beat of 30 s, counted from the start of the run.';
comment on column lifeforce_ledger.entries is 'How many single charges or rewards the amount sums.';

create table incidents (
    run      text collate "C" not null,
    incident text not null,
    at       timestamptz not null,
    kind     text not null,
    entity   text not null,
    message  text not null,
    detail   jsonb,
    primary key (run, incident)
);
create index incidents_at on incidents (at);
comment on table incidents is 'What went wrong: a death, a restart, a refused permission, a store away.';
comment on column incidents.incident is 'A uuid given by who saw it, so that it is kept once.';
