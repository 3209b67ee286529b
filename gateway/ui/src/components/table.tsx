// A table for figures: a caption for screen readers, columns that say how they are set, and on narrow
// screens a scroll of its own, reached by keyboard.
//
//   <Table caption="Keys" rows={keys} keyOf={(key) => key.name} columns={[
//     { head: 'Name', cell: (key) => key.name },
//     { head: 'Created', cell: (key) => <Ago at={key.created_unix_ms} />, number: true }]} />
import type { ComponentChildren } from 'preact';

export interface Column<T> {
  head: string;
  cell: (row: T) => ComponentChildren;
  /** Set to the right, figures below each other. */
  number?: boolean;
  /** The heading is for screen readers alone: a column of buttons. */
  quiet?: boolean;
  /** Left out below 600 px. */
  wide?: boolean;
}

export interface TableProps<T> {
  caption: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  chosen?: (row: T) => boolean;
}

export function Table<T>({ caption, rows, columns, keyOf, chosen }: TableProps<T>) {
  const classOf = (column: Column<T>) =>
    `${column.number ? 'number' : ''}${column.wide ? ' wide-only' : ''}`;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="table-wrap" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="only-read">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.head} scope="col" class={classOf(column)}>
                {column.quiet ? <span class="only-read">{column.head}</span> : column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={chosen?.(row) ? 'chosen' : undefined}>
              {columns.map((column) => (
                <td key={column.head} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
