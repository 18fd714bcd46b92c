import { type RuleName, rules } from '../../lint/rules.ts';
import type { Notice } from '../../project/project.ts';
import type { Failure } from '../../result.ts';
import { versionOfCip } from '../surroundings.ts';

/** A failure, and how serious it is to whoever reads the document. */
interface SarifEntry {
  readonly failure: Failure;
  readonly level: 'error' | 'warning' | 'note';
}

/** A document of SARIF 2.1.0, which services for code review read. https://docs.oasis-open.org/sarif/sarif/v2.1.0/ */
export function sarifText(problems: readonly Failure[], warnings: readonly Notice[]): string {
  const levels = { warning: 'warning', notice: 'note' } as const;
  const entries = [
    ...problems.map((failure): SarifEntry => ({ failure, level: 'error' })),
    ...warnings.map((failure): SarifEntry => ({ failure, level: levels[failure.level] })),
  ];
  return `${JSON.stringify(documentOf(entries, versionOfCip()), null, 2)}\n`;
}

function documentOf(entries: readonly SarifEntry[], version: string): unknown {
  const ids = [...new Set(entries.map(({ failure }) => ruleIdOf(failure)))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'cip',
            version,
            rules: ids.map((id) => ({ id, ...(isRule(id) && { shortDescription: { text: rules[id].sentence } }) })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: entries.map((entry) => resultOf(entry, ids)),
      },
    ],
  };
}

function resultOf({ failure, level }: SarifEntry, ids: readonly string[]) {
  const { message, hint, at } = failure;
  const ruleId = ruleIdOf(failure);
  const locations = at && [
    {
      physicalLocation: {
        artifactLocation: { uri: at.file.split('/').map(encodeURIComponent).join('/') },
        region: { startLine: at.line, startColumn: at.column, charOffset: at.offset, charLength: at.length },
      },
    },
  ];
  return {
    ruleId,
    ruleIndex: ids.indexOf(ruleId),
    level,
    message: { text: hint === undefined ? message : `${message} (${hint})` },
    ...(locations && { locations }),
  };
}

/** The rule of a finding; for anything else its reason. */
function ruleIdOf({ reason, subject }: Failure): string {
  return (reason === 'lint-finding' || reason === 'lint-violation') && subject !== undefined ? subject : reason;
}

function isRule(id: string): id is RuleName {
  return Object.hasOwn(rules, id);
}
