/** What a rule is, without what it found. */
interface Rule {
  /** What the rule asks for, in one sentence without a full stop. */
  readonly sentence: string;
  /** What a person can do about a finding. */
  readonly remedy: string;
  /** Only where `experimental=` names it. */
  readonly isExperimental?: true;
}

/** Every rule, under the name that BuildKit has for it, so that one `# check=skip=` counts for both. */
export const rules = {
  StageNameCasing: {
    sentence: 'Names of stages are in lower case',
    remedy: 'write the name in lower case',
  },
  FromAsCasing: {
    sentence: 'FROM and AS are written in the same case',
    remedy: 'write both words in upper case, or both in lower case',
  },
  NoEmptyContinuation: {
    sentence: 'No empty line stands inside an instruction',
    remedy: 'remove the empty line, or make it a comment',
  },
  ConsistentInstructionCasing: {
    sentence: 'All instructions are written in the same case',
    remedy: 'write the instruction as most of the others are',
  },
  DuplicateStageName: {
    sentence: 'No two stages have the same name',
    remedy: 'give one of the stages another name',
  },
  ReservedStageName: {
    sentence: 'No stage is called scratch or context',
    remedy: 'give the stage another name',
  },
  JSONArgsRecommended: {
    sentence: 'CMD and ENTRYPOINT are JSON arrays, so that signals reach the program and not a shell',
    remedy: 'write it as a JSON array, or choose the shell with SHELL',
  },
  MaintainerDeprecated: {
    sentence: 'MAINTAINER is not used, since a label does the same',
    remedy: 'write LABEL org.opencontainers.image.authors=…',
  },
  UndefinedArgInFrom: {
    sentence: 'Variables in FROM are declared above the first FROM',
    remedy: 'declare it with ARG above the first FROM',
  },
  WorkdirRelativePath: {
    sentence: 'The first WORKDIR of a stage is absolute',
    remedy: 'start the path with /',
  },
  UndefinedVar: {
    sentence: 'Variables are set before they are used',
    remedy: 'set it with ARG or ENV above, or correct the name',
  },
  MultipleInstructionsDisallowed: {
    sentence: 'A stage has one CMD, one ENTRYPOINT and one HEALTHCHECK at most',
    remedy: 'remove it: only the last one counts',
  },
  LegacyKeyValueFormat: {
    sentence: 'ENV and LABEL have = between name and value',
    remedy: 'write NAME=VALUE',
  },
  RedundantTargetPlatform: {
    sentence: 'FROM does not ask for the platform that it would have anyway',
    remedy: 'remove --platform',
  },
  SecretsUsedInArgOrEnv: {
    sentence: 'No ARG and no ENV has the name of a secret, since everybody who has the image can read the value',
    remedy: 'use RUN --mount=type=secret',
  },
  InvalidDefaultArgInFrom: {
    sentence: 'FROM names an image also where no build argument is given',
    remedy: 'give the ARG a default that makes the name valid',
  },
  FromPlatformFlagConstDisallowed: {
    sentence: 'FROM asks for no fixed platform',
    remedy: 'remove --platform, use a variable such as $BUILDPLATFORM, or name the platform in the name of the stage',
  },
  CopyIgnoredFile: {
    sentence: 'COPY and ADD take nothing that the ignore file leaves out',
    remedy: 'change the path, or the ignore file',
  },
  InvalidDefinitionDescription: {
    sentence: 'A comment right above an ARG or a named stage starts with the name that it describes',
    remedy: 'start the comment with the name, or put a line with # alone between them',
    isExperimental: true,
  },
  ExposeProtoCasing: {
    sentence: 'Protocols in EXPOSE are in lower case',
    remedy: 'write the protocol in lower case',
  },
  ExposeInvalidFormat: {
    sentence: 'EXPOSE names no address and no port of the host',
    remedy: 'keep the port of the container alone',
  },
  InvalidBaseImagePlatform: {
    sentence: 'Base images are for the platform that is built',
    remedy: 'choose an image that there is for the platform, or say which one is meant with FROM --platform',
  },
} as const satisfies Record<string, Rule>;

/** The name of a rule, as `# check=skip=` takes it. */
export type RuleName = keyof typeof rules;

/** Whether a rule runs only where `experimental=` asks for it. */
export function isExperimental(name: RuleName): boolean {
  const rule: Rule = rules[name];
  return rule.isExperimental ?? false;
}
