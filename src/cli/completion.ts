import { commands } from './commands.ts';
import type { Option } from './options/option.ts';
import { flagOf, options } from './options.ts';

/** The shells that `cip completion` writes a script for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
/** One of `shells`. */
export type Shell = (typeof shells)[number];

/** A script that completes commands and their options, written from the tables of both. */
export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell]();
}

function bash(): string {
  return `# cip: completion for bash. In ~/.bashrc: source <(cip completion bash)
_cip() {
  local word=\${COMP_WORDS[COMP_CWORD]} words
  COMPREPLY=()
  case "\${COMP_WORDS[*]:1:COMP_CWORD-1}" in
${topics()
  .map(({ pattern, words }) => `    ${pattern}) words="${words.join(' ')}" ;;`)
  .join('\n')}
    *) words="${names().join(' ')} --help --version" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _cip cip
`;
}

function zsh(): string {
  return `#compdef cip
# cip: completion for zsh. In ~/.zshrc, after compinit: source <(cip completion zsh)
autoload -U +X bashcompinit && bashcompinit
${bash().split('\n').slice(1).join('\n')}`;
}

function fish(): string {
  const lines = ['# cip: completion for fish. cip completion fish > ~/.config/fish/completions/cip.fish'];
  for (const { name, aliases, summary, options: has } of commands) {
    const [first = name] = name.split(' ');
    for (const word of [first, ...aliases]) {
      lines.push(`complete -c cip -f -n __fish_use_subcommand -a ${word} -d ${quoted(summary)}`);
      for (const option of has) {
        const { alias, description, value, bare }: Option = options[option];
        const short = alias === undefined ? '' : ` -s ${alias}`;
        const takes = value === undefined || bare !== undefined ? '' : ' -r';
        const on = `-n '__fish_seen_subcommand_from ${word}'`;
        lines.push(`complete -c cip ${on} -l ${flagOf(option)}${short}${takes} -d ${quoted(description)}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Per command and alias: what the words before must look like, and what may follow. */
function topics(): { pattern: string; words: string[] }[] {
  return commands.flatMap(({ name, aliases, options: has }) => {
    const [first, second] = name.split(' ');
    const group = second === undefined ? [] : [{ pattern: `"${first}"`, words: [second] }];
    const flags = [...has.map((option) => `--${flagOf(option)}`), '--help', ...(name === 'help' ? names() : [])];
    return [...group, ...[name, ...aliases].map((word) => ({ pattern: `"${word}"|"${word} "*`, words: flags }))];
  });
}

function names(): string[] {
  return [...new Set(commands.flatMap(({ name, aliases }) => [name.split(' ')[0]!, ...aliases]))];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
