/** A Dockerfile that rules are tried on; every stage is from scratch, so that neither builder asks anybody for an image. */
export interface LintCase {
  readonly dockerfile: string;
  readonly ignore?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Files of the context besides. */
  readonly files?: readonly string[];
}

const last = 'COPY a /\n';

/** By name: the rule that it is about, and what is tried. */
export const lintCases: Readonly<Record<string, LintCase>> = {
  'StageNameCasing: upper case': { dockerfile: 'FROM scratch AS Build\n' },
  'StageNameCasing: lower case': { dockerfile: 'FROM scratch AS build\n' },
  'StageNameCasing: with a platform': { dockerfile: 'FROM --platform=$BUILDPLATFORM scratch AS buildX\n' },
  'FromAsCasing: as in lower case': { dockerfile: 'FROM scratch as build\n' },
  'FromAsCasing: AS in upper case below lower case': { dockerfile: 'from scratch AS build\n' },
  'FromAsCasing: AS in mixed case': { dockerfile: 'FROM scratch As build\n' },
  'FromAsCasing: both lower': { dockerfile: 'from scratch as build\n' },
  'FromAsCasing: a mixed From': { dockerfile: 'From scratch as build\n' },
  'NoEmptyContinuation: an empty line': { dockerfile: 'FROM scratch\nLABEL a=1 \\\n\n  b=2\nLABEL c=3\n' },
  'NoEmptyContinuation: a comment': { dockerfile: 'FROM scratch\nLABEL a=1 \\\n# here\n  b=2\n' },
  'ConsistentInstructionCasing: one in lower case': { dockerfile: 'FROM scratch\nLABEL a=1\nlabel b=2\n' },
  'ConsistentInstructionCasing: one in upper case': { dockerfile: 'from scratch\nLABEL a=1\nlabel b=2\n' },
  'ConsistentInstructionCasing: mixed': { dockerfile: 'FROM scratch\nLabel a=1\n' },
  'ConsistentInstructionCasing: as many of both': { dockerfile: 'from scratch\nLABEL a=1\n' },
  'ConsistentInstructionCasing: all lower': { dockerfile: 'from scratch\nlabel a=1\nonbuild label b=2\n' },
  'ConsistentInstructionCasing: ARG above does not count': { dockerfile: 'arg a=1\nARG b=2\narg c=3\nFROM scratch\n' },
  'DuplicateStageName: twice': { dockerfile: 'FROM scratch AS a\nFROM scratch AS a\n' },
  'DuplicateStageName: in another case': { dockerfile: 'FROM scratch AS a\nFROM scratch AS A\n' },
  'DuplicateStageName: three times': { dockerfile: 'FROM scratch AS a\nFROM scratch AS a\nFROM scratch AS a\n' },
  'DuplicateStageName: two names': { dockerfile: 'FROM scratch AS a\nFROM scratch AS b\n' },
  'ReservedStageName: scratch': { dockerfile: 'FROM scratch AS scratch\nFROM scratch\n' },
  'ReservedStageName: context': { dockerfile: 'FROM scratch AS context\nFROM scratch\n' },
  'ReservedStageName: another': { dockerfile: 'FROM scratch AS contexts\nFROM scratch\n' },
  'JSONArgsRecommended: shell forms': { dockerfile: 'FROM scratch\nCMD a b\nENTRYPOINT c d\n' },
  'JSONArgsRecommended: exec forms': { dockerfile: 'FROM scratch\nCMD ["a", "b"]\nENTRYPOINT ["c"]\n' },
  'JSONArgsRecommended: with a SHELL': { dockerfile: 'FROM scratch\nSHELL ["/bin/x", "-c"]\nCMD a b\n' },
  'JSONArgsRecommended: with the SHELL of another stage': {
    dockerfile: 'FROM scratch AS a\nSHELL ["/bin/x", "-c"]\nFROM a\nCMD a b\n',
  },
  'JSONArgsRecommended: HEALTHCHECK may': { dockerfile: 'FROM scratch\nHEALTHCHECK CMD a b\n' },
  'MaintainerDeprecated: used': { dockerfile: 'FROM scratch\nMAINTAINER me\n' },
  'MaintainerDeprecated: a label': { dockerfile: 'FROM scratch\nLABEL org.opencontainers.image.authors=me\n' },
  'UndefinedArgInFrom: not declared': { dockerfile: 'FROM scratch$nothing\n' },
  'UndefinedArgInFrom: declared without a value': { dockerfile: 'ARG tag\nFROM scratch${tag}\n' },
  'UndefinedArgInFrom: in a platform': { dockerfile: 'FROM --platform=linux/amd64${nothing} scratch\n' },
  'UndefinedArgInFrom: with a default': { dockerfile: 'FROM ${nothing:-scratch}\n' },
  'UndefinedArgInFrom: predefined': { dockerfile: 'FROM scratch AS a-amd64\nFROM ${TARGETOS:+scratch}\n' },
  'InvalidDefaultArgInFrom: no default': { dockerfile: 'ARG base\nFROM $base\n', buildArgs: { base: 'scratch' } },
  'InvalidDefaultArgInFrom: half a name': {
    dockerfile: 'ARG tag\nARG base=scratch\nFROM a:$tag AS b\nFROM $base\n',
    buildArgs: { tag: 'x' },
  },
  'InvalidDefaultArgInFrom: a default': {
    dockerfile: 'ARG base=scratch\nFROM $base\n',
    buildArgs: { base: 'scratch' },
  },
  'WorkdirRelativePath: first': { dockerfile: 'FROM scratch\nWORKDIR app\nWORKDIR b\n' },
  'WorkdirRelativePath: behind an absolute one': { dockerfile: 'FROM scratch\nWORKDIR /app\nWORKDIR b\n' },
  'WorkdirRelativePath: in a stage on one': { dockerfile: 'FROM scratch AS a\nWORKDIR /app\nFROM a\nWORKDIR b\n' },
  'WorkdirRelativePath: a variable': { dockerfile: 'FROM scratch\nARG dir=/x\nWORKDIR $dir\n' },
  'UndefinedVar: in many places': {
    dockerfile: 'FROM scratch\nLABEL a=$no1 b$no2=1\nUSER $no3\nWORKDIR /$no4\nENV c=$no5\nVOLUME /$no6\nARG d=$no7\n',
  },
  'UndefinedVar: in COPY': { dockerfile: 'FROM scratch\nCOPY a$no1 /$no2\nCOPY --chown=$no3 a /\n', files: ['a'] },
  'UndefinedVar: in a heredoc': { dockerfile: 'FROM scratch\nCOPY <<EOF /a\n$no1\nEOF\nCOPY <<"EOF" /b\n$no2\nEOF\n' },
  'UndefinedVar: in EXPOSE': { dockerfile: 'FROM scratch\nEXPOSE 80$no1\n' },
  'UndefinedVar: in CMD': { dockerfile: 'FROM scratch\nCMD ["$no1"]\n' },
  'UndefinedVar: in a mount': { dockerfile: 'FROM scratch\nRUN --mount=type=tmpfs,target=/$no1 ["/x"]\n' },
  'UndefinedVar: with a default': { dockerfile: 'FROM scratch\nLABEL a=${no1:-x} b=${no2:+x}\n' },
  'UndefinedVar: a slip': { dockerfile: 'FROM scratch\nARG version=1\nLABEL a=$versoin\n' },
  'UndefinedVar: set': { dockerfile: 'FROM scratch\nARG a\nENV b=1\nLABEL a=$a b=$b c=$PATH\n' },
  'UndefinedVar: set in the same line only': { dockerfile: 'FROM scratch\nENV a=1 b=$a\n' },
  'UndefinedVar: a global is not declared here': { dockerfile: 'ARG a=1\nFROM scratch\nLABEL a=$a\n' },
  'UndefinedVar: a global is declared here': { dockerfile: 'ARG a=1\nFROM scratch\nARG a\nLABEL a=$a\n' },
  'UndefinedVar: set in the stage below': {
    dockerfile: 'FROM scratch AS a\nENV x=1\nARG y\nFROM a\nLABEL b=$x c=$y\n',
  },
  'UndefinedVar: twice in one line': { dockerfile: 'FROM scratch\nLABEL a=$no1 b=$no1\n' },
  'UndefinedVar: a default that is not needed': {
    dockerfile: 'FROM scratch\nARG a=$no1\n',
    buildArgs: { a: '1' },
  },
  'MultipleInstructionsDisallowed: three of each': {
    dockerfile:
      'FROM scratch\nCMD ["a"]\nCMD ["b"]\nCMD ["c"]\nENTRYPOINT ["a"]\nENTRYPOINT ["b"]\nHEALTHCHECK CMD ["a"]\nHEALTHCHECK NONE\n',
  },
  'MultipleInstructionsDisallowed: one per stage': {
    dockerfile: 'FROM scratch AS a\nCMD ["a"]\nFROM a\nCMD ["b"]\n',
  },
  'LegacyKeyValueFormat: both': { dockerfile: 'FROM scratch\nENV a b c\nLABEL d e\n' },
  'LegacyKeyValueFormat: a value with =': { dockerfile: 'FROM scratch\nENV a =b\nLABEL c "d=e"\n' },
  'LegacyKeyValueFormat: neither': { dockerfile: 'FROM scratch\nENV a="b c" d=\nLABEL "e f"="g"\n' },
  'RedundantTargetPlatform: plain': { dockerfile: 'FROM --platform=$TARGETPLATFORM scratch\n' },
  'RedundantTargetPlatform: in braces': { dockerfile: 'FROM --platform=${TARGETPLATFORM} scratch\n' },
  'RedundantTargetPlatform: of the builder': { dockerfile: 'FROM --platform=$BUILDPLATFORM scratch\n' },
  'SecretsUsedInArgOrEnv: names': {
    dockerfile:
      'FROM scratch\nARG API_KEY\nENV DATABASE_PASSWORD=x\nENV auth=1 token_b=2\nARG GITHUB_TOKEN=1 SECRET\nENV apikey=1\nARG credentials_x\n',
  },
  'SecretsUsedInArgOrEnv: harmless names': {
    dockerfile: 'FROM scratch\nARG PUBLIC_KEY\nENV TOKEN_FILE=x KEYS=1 MONKEY=1 KEY_VERSION=1\nARG secretary\n',
  },
  'SecretsUsedInArgOrEnv: above FROM': { dockerfile: 'ARG TOKEN\nFROM scratch\n' },
  'FromPlatformFlagConstDisallowed: fixed': { dockerfile: 'FROM --platform=linux/amd64 scratch\n' },
  'FromPlatformFlagConstDisallowed: named by it': {
    dockerfile: 'FROM --platform=linux/amd64 scratch AS build-amd64\n',
  },
  'FromPlatformFlagConstDisallowed: named otherwise': { dockerfile: 'FROM --platform=linux/amd64 scratch AS build\n' },
  'CopyIgnoredFile: COPY and ADD': {
    dockerfile: 'FROM scratch\nCOPY a /\nADD a /x\nCOPY ./b /\n',
    ignore: 'a\n',
    files: ['a', 'b'],
  },
  'CopyIgnoredFile: below a directory': { dockerfile: 'FROM scratch\nCOPY d/a /\n', ignore: 'd\n', files: ['d/a'] },
  'CopyIgnoredFile: with an exception': { dockerfile: `FROM scratch\n${last}`, ignore: 'a\n!b\n', files: ['a', 'b'] },
  'CopyIgnoredFile: from a stage': {
    dockerfile: 'FROM scratch AS x\nFROM scratch\nCOPY --from=x a /\n',
    ignore: 'a\n',
    files: ['a'],
  },
  'CopyIgnoredFile: everything': { dockerfile: 'FROM scratch\nCOPY . /\n', ignore: '*\n', files: ['a'] },
  'CopyIgnoredFile: with a slash in front': { dockerfile: 'FROM scratch\nCOPY /a /\n', ignore: 'a\n', files: ['a'] },
  'CopyIgnoredFile: a wildcard': { dockerfile: 'FROM scratch\nCOPY a* /\n', ignore: 'a*\n', files: ['a'] },
  'ExposeProtoCasing: upper case': { dockerfile: 'FROM scratch\nEXPOSE 80/TCP 81/Udp\n' },
  'ExposeProtoCasing: lower case': { dockerfile: 'FROM scratch\nEXPOSE 80/tcp 81\n' },
  'ExposeProtoCasing: a variable': { dockerfile: 'FROM scratch\nARG p=TCP\nEXPOSE 80/$p\n' },
  'ExposeInvalidFormat: address and port': {
    dockerfile: 'FROM scratch\nEXPOSE 127.0.0.1:80:81\nEXPOSE 80:81\nEXPOSE [::1]::82\n',
  },
  'ExposeInvalidFormat: a range': { dockerfile: 'FROM scratch\nEXPOSE 80-82 90\n' },
  'InvalidDefinitionDescription: not asked for': { dockerfile: 'FROM scratch\n# what\nARG a\n' },
  'InvalidDefinitionDescription: asked for': {
    dockerfile:
      '# check=experimental=all\n# x\nARG top\n# base is good\nFROM scratch AS base\n# other\nFROM scratch AS more\n# a what\nARG a\n# what\nARG b\n# what\nARG c d\n',
  },
  'InvalidDefinitionDescription: by name': {
    dockerfile: '# check=experimental=InvalidDefinitionDescription\nFROM scratch\n# what\nARG a\n# what\nLABEL b=1\n',
  },
  'InvalidDefinitionDescription: parted': {
    dockerfile: '# check=experimental=all\nFROM scratch\n# what\n\nARG a\n# what\n#\nARG b\n# b\n# what\nARG c\n',
  },
  'check: skips a rule': { dockerfile: '# check=skip=MaintainerDeprecated\nFROM scratch\nMAINTAINER me\nCMD a\n' },
  'check: skips several': {
    dockerfile: '# check=skip=MaintainerDeprecated, JSONArgsRecommended\nFROM scratch\nMAINTAINER me\nCMD a\n',
  },
  'check: skips all': { dockerfile: '# check=skip=all\nFROM scratch\nMAINTAINER me\nCMD a\n' },
  'check: skips in spite of case': { dockerfile: '# check=skip=maintainerdeprecated\nFROM scratch\nMAINTAINER me\n' },
  'check: skips all, and what is asked for': {
    dockerfile: '# check=skip=all;experimental=all\nFROM scratch\n# what\nARG TOKEN\n',
  },
  'check: by a comment': {
    dockerfile:
      'FROM scratch\n# check=skip=MaintainerDeprecated\nMAINTAINER me\n# check=skip=all\nCMD a\nENTRYPOINT b\n',
  },
  'check: by a comment above others': {
    dockerfile:
      'FROM scratch\n# check=skip=JSONArgsRecommended\n# why\nCMD a\n# check = skip=all for good\nENTRYPOINT b\n',
  },
  'check: by a comment parted by an empty line': { dockerfile: 'FROM scratch\n# check=skip=all\n\nCMD a\n' },
  'check: by a comment above FROM': {
    dockerfile: '# a comment\n# check=skip=all\nFROM scratch AS Build\nFROM scratch\n# check=skip=all\nlabel a=1\n',
  },
  'check: by a comment that is wrong': { dockerfile: 'FROM scratch\n# check=bogus\nMAINTAINER me\n' },
  'check: by a build argument': {
    dockerfile: '# check=skip=all\nFROM scratch\nMAINTAINER me\nCMD a\n',
    buildArgs: { BUILDKIT_DOCKERFILE_CHECK: 'skip=JSONArgsRecommended' },
  },
  'check: stages that nothing needs': { dockerfile: 'FROM scratch AS a\nCMD a\nFROM scratch\nLABEL a=1\n' },
};
