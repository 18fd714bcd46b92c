import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { FromInstruction } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { commentInLine, invalidFrom, invalidStageName } from '../value-failure.ts';

/** After it is folded to lower case. */
const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

/** `FROM [--platform=…] image [AS name]`. */
export function parseFrom(statement: Statement, context: ParseContext): Result<FromInstruction, Failure> {
  const { line, start, end } = statement;
  const words = statement.arguments.kind === 'words' ? statement.arguments.words : [];
  const [image, as, name] = words;
  if (!image || (words.length !== 1 && (words.length !== 3 || as?.text.toLowerCase() !== 'as'))) {
    const remark = words.find(({ text }) => text.startsWith('#'));
    const at = line.span(start, end);
    return failed(image && remark ? commentInLine('FROM', line.span(remark.start, end)) : invalidFrom(at));
  }
  const stageName = name?.text.toLowerCase();
  if (name && !STAGE_NAME.test(stageName ?? ''))
    return failed(invalidStageName(name.text, line.span(name.start, name.end)));
  const flags = checkFlags(statement, { platform: 'one' });
  if (!flags.ok) return flags;
  return ok({
    ...instructionBase({ ...statement, keyword: 'FROM' }, context),
    image: image.text,
    imageAt: line.span(image.start, image.end),
    name: stageName,
    platform: flags.value.platform?.text || undefined,
  });
}
