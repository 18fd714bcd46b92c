import type { Failure, SourceSpan } from '../result.ts';

/** A parsed Dockerfile before any variable is expanded: what was written, and where. */
export interface Dockerfile {
  readonly file: string;
  /** `syntax`, `escape`, `check`: keys in lower case. */
  readonly directives: ReadonlyMap<string, string>;
  /** `\` or a backtick; what `expand` must be given. */
  readonly escape: '\\' | '`';
  /** ARGs above the first FROM: visible to FROM lines only (and, as an extension, to `--from`). */
  readonly globalArgs: readonly ArgInstruction[];
  /** At least one. */
  readonly stages: readonly Stage[];
  /** Things that are legal but probably not meant, such as an empty continuation line. */
  readonly warnings: readonly (Failure & { readonly at: SourceSpan })[];
}

/** One FROM and everything up to the next. */
export interface Stage {
  readonly index: number;
  /** The name after AS, in lower case. */
  readonly name?: string | undefined;
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
  /**
   * Offsets of what can't be read in it, in the order of the file: what is known above one need not hold below. Where it
   * is the FROM itself, the stage starts from `scratch`. Only of a Dockerfile with mistakes.
   */
  readonly gaps?: readonly number[];
  /** A context of its name takes its place: `from` has that name, and there are no instructions. */
  readonly isReplaced?: boolean;
}

interface Base {
  /** The whole instruction, from its keyword to the end of its last line (heredoc bodies included). */
  readonly at: SourceSpan;
  /** The logical line: continuations joined, comments dropped, one line, without heredoc bodies. */
  readonly text: string;
  /** `#!COMMIT` stands behind it: with `--commit=explicit`, layers end here. */
  readonly commits?: boolean;
}

/** `<<EOF`: `body` ends in a newline unless empty; tabs already stripped for `<<-`. */
export interface Heredoc {
  /** The delimiter without quotes; also the name of the file that COPY makes of it. */
  readonly name: string;
  /** False when the delimiter had quotes. */
  readonly expand: boolean;
  readonly chomp: boolean;
  readonly fileDescriptor: number;
  readonly body: string;
  /** The body as it was written, tabs included: what a shell gets that reads the heredoc itself. */
  readonly raw: string;
}

/** Either `["a", "b"]` or text for the shell. For RUN the text is exactly what was written after the flags. */
export type CommandLine =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly text: string };

/** `NAME=value` as written: the value still has its quotes and variables. `value` absent: `ARG NAME`. */
export interface KeyValue {
  readonly key: string;
  readonly value?: string | undefined;
  readonly at: SourceSpan;
  /** Covers just the value as written (quotes included); absent without one. */
  readonly valueAt?: SourceSpan | undefined;
}

/** Starts a stage; stands in `Stage.from` and never among the instructions of one. */
export interface FromInstruction extends Base {
  readonly keyword: 'FROM';
  /** As written, e.g. `${REGISTRY}/base:1.2.3`. */
  readonly image: string;
  /** Covers just `image`, so that a cascade can replace it and keep every other byte. */
  readonly imageAt: SourceSpan;
  /** The name after AS, in lower case. */
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
}
/** One or more arguments; before the first FROM they are global and stand in `Dockerfile.globalArgs`. */
export interface ArgInstruction extends Base {
  readonly keyword: 'ARG';
  readonly args: readonly KeyValue[];
}
/** Both forms: `ENV a=1 b=2`, and `ENV a 1 2`, which is one pair whose value has blanks. */
export interface EnvInstruction extends Base {
  readonly keyword: 'ENV';
  readonly pairs: readonly (KeyValue & { readonly value: string })[];
}
/** As ENV has them, both forms. */
export interface LabelInstruction extends Base {
  readonly keyword: 'LABEL';
  /** Keys are expanded too. */
  readonly pairs: readonly (KeyValue & { readonly value: string })[];
}
/** A value of `--from` with its place. */
export interface FromFlag {
  readonly value: string;
  readonly at: SourceSpan;
}
interface Transfer extends Base {
  /** In the order written, heredocs left out. */
  readonly sources: readonly string[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  readonly chown?: string | undefined;
  readonly chmod?: string | undefined;
  readonly link: boolean;
  readonly exclude: readonly string[];
}
/** Copies from the context or, with `from`, from a stage or an image. */
export interface CopyInstruction extends Transfer {
  readonly keyword: 'COPY';
  readonly from?: FromFlag | undefined;
  readonly parents: boolean;
}
/** As COPY; and archives of the context are unpacked where `unpack` does not say otherwise. */
export interface AddInstruction extends Transfer {
  readonly keyword: 'ADD';
  readonly checksum?: string | undefined;
  readonly keepGitDir?: boolean | undefined;
  readonly unpack?: boolean | undefined;
}
/** A `key=value` of `--mount=`, or a key alone; keys in lower case, values as written but without quotes. */
export interface MountField {
  readonly key: string;
  readonly value?: string | undefined;
  readonly at: SourceSpan;
}
/**
 * One `--mount=`; values unexpanded, keys checked. Where the value of `type`, `sharing`, `readonly` or `required` holds
 * a variable, the default stands in its place until `expandMount` is asked.
 */
export interface RunMount {
  readonly fields: readonly MountField[];
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  readonly at: SourceSpan;
  readonly target?: string | undefined;
  readonly source?: string | undefined;
  readonly from?: FromFlag | undefined;
  /** As written or the type's default: bind is read-only, cache is not. */
  readonly readonly: boolean;
  readonly id?: string | undefined;
  readonly sharing?: 'shared' | 'private' | 'locked' | undefined;
  readonly required?: boolean | undefined;
  /** Octal text, unexpanded. */
  readonly mode?: string | undefined;
  readonly uid?: string | undefined;
  readonly gid?: string | undefined;
  /** tmpfs: bytes, as written (`64m`). */
  readonly size?: string | undefined;
  /** secret: name of the environment variable. */
  readonly env?: string | undefined;
}
/** A command that a step runs, with the flags that say in which surroundings. */
export interface RunInstruction extends Base {
  readonly keyword: 'RUN';
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly RunMount[];
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
}
/** What a container of the image runs; the last of each keyword holds. */
export interface CommandOf<K extends 'CMD' | 'ENTRYPOINT'> extends Base {
  readonly keyword: K;
  readonly command: CommandLine;
}
/** A member for each keyword, so that the compiler can tell one from the other. */
export type CommandInstruction = CommandOf<'CMD'> | CommandOf<'ENTRYPOINT'>;
/** The program, with its first arguments, that commands in shell form are handed to from here on. */
export interface ShellInstruction extends Base {
  readonly keyword: 'SHELL';
  readonly args: readonly string[];
}
/** Ports as written, such as `80/tcp` or `8000-8010`; variables in them may be several words. */
export interface ExposeInstruction extends Base {
  readonly keyword: 'EXPOSE';
  readonly ports: readonly string[];
}
/** Paths as written; a single one may be given without JSON. */
export interface VolumeInstruction extends Base {
  readonly keyword: 'VOLUME';
  readonly paths: readonly string[];
}
/** Instructions of one argument, which is the rest of the line. */
export interface WordOf<K extends 'USER' | 'WORKDIR' | 'STOPSIGNAL' | 'MAINTAINER'> extends Base {
  readonly keyword: K;
  readonly value: string;
}
/** A member for each keyword, so that the compiler can tell one from the other. */
export type WordInstruction = WordOf<'USER'> | WordOf<'WORKDIR'> | WordOf<'STOPSIGNAL'> | WordOf<'MAINTAINER'>;
/** How a running container is asked whether it still works. */
export interface HealthcheckInstruction extends Base {
  readonly keyword: 'HEALTHCHECK';
  /** `none` switches off what the base has. Durations in nanoseconds, absent where not given or 0, which mean the same. */
  readonly check:
    | { readonly type: 'none' }
    | {
        readonly type: 'cmd';
        readonly command: CommandLine;
        readonly interval?: number | undefined;
        readonly timeout?: number | undefined;
        readonly startPeriod?: number | undefined;
        readonly startInterval?: number | undefined;
        readonly retries?: number | undefined;
      };
}
/** An instruction for the images that are built from this one; it does nothing here. */
export interface OnbuildInstruction extends Base {
  readonly keyword: 'ONBUILD';
  /** What the image's config stores: the trigger as written, heredoc bodies included. */
  readonly trigger: string;
  readonly instruction: Instruction;
}

/** One member per kind of instruction; `instructions/<keyword>.ts` holds its parser. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CommandInstruction
  | CopyInstruction
  | EnvInstruction
  | ExposeInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | VolumeInstruction
  | WordInstruction;
