/**
 * What text of others must not do to a terminal: moving the cursor, colouring, changing titles and clipboards (C0, DEL, C1),
 * or showing its characters in another order than they stand in (https://www.unicode.org/reports/tr9/). Ends of lines and
 * tabs stay. Written as escapes that JSON reads as the same text.
 */
const unsafe = String.raw`[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]`;
const everywhere = new RegExp(unsafe, 'g');
/** What our own colours are made of (SGR). */
const colourOrUnsafe = new RegExp(String.raw`\x1b\[[\d;]*m|${unsafe}`, 'g');
/** ECMA-48: strings up to their end (OSC, DCS, SOS, PM, APC), CSI, and the short ones. */
const sequence =
  /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;

/** Text of others, with `\u001b` for what would steer a terminal. */
export function visible(text: string): string {
  return text.replace(everywhere, escapeOf);
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', String.raw`\n`);
}

/** Text that we have coloured ourselves. */
export function visibleButColours(text: string): string {
  return text.replace(colourOrUnsafe, (found) => (found.length > 1 ? found : escapeOf(found)));
}

/** A line of a step's output: colours and the like are left out, since honest programs write them as well. */
export function visibleOutput(line: string): string {
  return visible(line.replace(sequence, ''));
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
