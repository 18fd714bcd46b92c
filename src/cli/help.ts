import yargs from 'yargs';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import type { Option } from './options/option.ts';
import { flagOf, options, variableOf } from './options.ts';

/** The commands, by group, and the least one has to know. `columns`: the width to stay within. */
export function generalHelp(columns: number): Promise<string> {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const groups = [...new Set(commands.map(({ group }) => group))].map((group) => {
    const rows = commands
      .filter((command) => command.group === group)
      .map(({ name, aliases, summary }) => {
        const short = aliases.map((alias) => ` (short: ${alias})`).join('');
        return `  ${name.padEnd(width)}${wrapped(`${summary}${short}`, columns, width + 2)}`;
      });
    return `${group}:\n${rows.join('\n')}`;
  });
  const usage = [
    wrapped('cip builds and publishes a monorepo of container images that are built from each other.', columns),
    'Usage: cip COMMAND [OPTION…] [ARGUMENT…] [-- BUILD ARGUMENTS]',
    ...groups,
  ];
  const epilogue = [
    'cip COMMAND --help explains a command and its options.',
    'An option can also be set by an environment variable, such as --project-dir by CIP_PROJECT_DIR; the command line beats it.',
    'Images and results are stored in $CIP_STORE, else $XDG_DATA_HOME/cip, else ~/.local/share/cip.',
  ];
  return render({ before: usage, after: epilogue.map((line) => wrapped(line, columns)).join('\n') }, columns);
}

/** One command: what it does, its options by group, examples. */
export function commandHelp(command: Command, columns: number): Promise<string> {
  const { positionals, aliases, examples } = command;
  const dashes = command.takesBuildArguments ? ' [-- --build-arg NAME=VALUE… --target STAGE]' : '';
  const usage = [
    wrapped(`${command.summary}.`, columns),
    `Usage: cip ${command.name}${command.options.length > 0 ? ' [OPTION…]' : ''}${positionals ? ` ${positionals.usage}` : ''}${dashes}`,
    ...(aliases.length > 0 ? [`Short: ${aliases.map((alias) => `cip ${alias}`).join(', ')}`] : []),
    ...(positionals ? [wrapped(`${positionals.usage}  ${positionals.description}`, columns)] : []),
  ];
  const epilogue = examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`);
  const after = epilogue.length > 0 ? `Examples:\n${epilogue.join('\n')}` : '';
  return render({ before: usage, command, after }, columns);
}

/** What help says, in paragraphs, around the options of a command. */
interface Help {
  readonly before: readonly string[];
  readonly command?: Command | undefined;
  readonly after: string;
}

/** yargs only draws the options here: a key is what is shown, `project-dir=DIR`, since it has no word for the value. */
async function render({ before, command, after }: Help, columns: number): Promise<string> {
  const parser = yargs([])
    .locale('en')
    .parserConfiguration({ 'camel-case-expansion': false })
    .usage('')
    .wrap(columns)
    .version(false)
    .help(false);
  for (const name of command?.options ?? []) {
    const definition: Option = options[name];
    const variable = variableOf(name);
    const shown = definition.value !== undefined && definition.default !== undefined;
    const value = definition.value === undefined ? '' : `=${definition.value}`;
    parser.option(`${flagOf(name)}${definition.bare === undefined ? value : `[${value}]`}`, {
      ...(definition.alias !== undefined && { alias: definition.alias }),
      ...(shown && { default: definition.default, defaultDescription: definition.default }),
      ...(command?.required.includes(name) && { demandOption: true }),
      group: `${definition.group}:`,
      describe: `${definition.description}${variable === undefined ? '' : ` (${variable})`}`,
    });
  }
  parser.option('help', { alias: 'h', describe: 'Show this', group: 'Output:' });
  if (command === undefined) parser.option('version', { describe: 'Show the version', group: 'Output:' });
  return [...before, (await parser.getHelp()).trim(), after]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

/** Broken between words to stay within `columns`; further lines are indented to where the first began. */
function wrapped(text: string, columns: number, indent = 0): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = word;
    else if (indent + lines[last]!.length + 1 + word.length <= columns) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
