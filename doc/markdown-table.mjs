/** Rows of cells, the first of them the head, as Markdown with columns of one width, as the formatter wants it. */
export function markdownTable(rows) {
  const cells = rows.map((row) => row.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')));
  const widths = cells[0].map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)];
}
