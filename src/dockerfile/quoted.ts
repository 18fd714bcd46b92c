/** In double quotes, and no longer than fits into a sentence. */
export function quoted(text: string): string {
  return `"${shortened(text)}"`;
}

/** What fits into a sentence. */
export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** The first few of them. */
export function listed(names: readonly string[], shown: (name: string) => string = shortened): string {
  const first = names.slice(0, 12).map(shown).join(', ');
  return names.length > 12 ? `${first} and ${names.length - 12} more` : first;
}
