import type { InstructionParser } from './instruction-parser.ts';
import { parseAdd } from './instructions/add.ts';
import { parseArg } from './instructions/arg.ts';
import { parseCmd } from './instructions/cmd.ts';
import { parseCopy } from './instructions/copy.ts';
import { parseEntrypoint } from './instructions/entrypoint.ts';
import { parseEnv } from './instructions/env.ts';
import { parseExpose } from './instructions/expose.ts';
import { parseFrom } from './instructions/from.ts';
import { parseHealthcheck } from './instructions/healthcheck.ts';
import { parseLabel } from './instructions/label.ts';
import { parseMaintainer } from './instructions/maintainer.ts';
import { parseOnbuild } from './instructions/onbuild.ts';
import { parseRun } from './instructions/run.ts';
import { parseShell } from './instructions/shell.ts';
import { parseStopsignal } from './instructions/stopsignal.ts';
import { parseUser } from './instructions/user.ts';
import { parseVolume } from './instructions/volume.ts';
import { parseWorkdir } from './instructions/workdir.ts';
import type { Keyword } from './statement.ts';

/** Keyword → what gives it its meaning. How its arguments are written is in `statement.ts`. */
export const keywords: Readonly<Record<Keyword, InstructionParser>> = {
  ADD: parseAdd,
  ARG: parseArg,
  CMD: parseCmd,
  COPY: parseCopy,
  ENTRYPOINT: parseEntrypoint,
  ENV: parseEnv,
  EXPOSE: parseExpose,
  FROM: parseFrom,
  HEALTHCHECK: parseHealthcheck,
  LABEL: parseLabel,
  MAINTAINER: parseMaintainer,
  ONBUILD: parseOnbuild,
  RUN: parseRun,
  SHELL: parseShell,
  STOPSIGNAL: parseStopsignal,
  USER: parseUser,
  VOLUME: parseVolume,
  WORKDIR: parseWorkdir,
};
