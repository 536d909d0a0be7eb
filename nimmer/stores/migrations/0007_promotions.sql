-- When a village changed its level, and why. Source: docs/domain.md section 8; docs/decisions/0029.

create table promotions (
    run        text collate "C" not null,
    world_tick bigint not null,
    level_to   integer not null,
    at         timestamptz not null,
    kind       text not null,
    level_from integer not null,
    npcs       integer not null,
    reason     text not null,
    primary key (run, world_tick, level_to)
);
comment on table promotions is 'One change of level: the village passed the quiz and went up, or was stuck and went down.';
comment on column promotions.world_tick is 'The tick after which the quiz was held and the village moved.';
comment on column promotions.kind is 'promotion (up) or demotion (down).';
comment on column promotions.reason is 'What the rule said: nimmer.world.promotion.';
