-- Why the governor decided as it did, and what came of it. Source: docs/governor.md; docs/domain.md section 8.

alter table governor_decisions add column policy text;
alter table governor_decisions add column weights text;
alter table governor_decisions add column inputs jsonb;
alter table governor_decisions add column world jsonb;
alter table governor_decisions add column proposed jsonb;
alter table governor_decisions add column corrections jsonb;
alter table governor_decisions add column reasons jsonb;
alter table governor_decisions add column recommended jsonb;
alter table governor_decisions add column outcome jsonb;
comment on column governor_decisions.mode is 'What the governor was told to do: net, rule or shadow.';
comment on column governor_decisions.policy is 'Who decided: net, rule, or fallback (the rule in place of a net that failed).';
comment on column governor_decisions.weights is 'Digest of the weights that decided or recommended; null where no net did.';
comment on column governor_decisions.inputs is 'What was seen of the NPC, by the name of the feature, each 0..1.';
comment on column governor_decisions.world is 'What was seen of the village, by the name of the feature.';
comment on column governor_decisions.proposed is 'What the policy proposed, before the envelope.';
comment on column governor_decisions.corrections is 'What the envelope changed: [{what, proposed, given, why}].';
comment on column governor_decisions.reasons is
    'By feature: how far [tick_hz, cpu_percent, cortex_priority] stand from where they were if nobody differed in it.';
comment on column governor_decisions.recommended is
    'In shadow: what the net would have given after the envelope, with its reasons; null else.';
comment on column governor_decisions.outcome is 'What the time to the next decision brought; null while it lasts.';
comment on column governor_decisions.reward is 'The outcome in points; null while it lasts.';
create index governor_decisions_at on governor_decisions (at);
