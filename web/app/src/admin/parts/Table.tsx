/** A table under a heading; where it is wider than the screen it scrolls by itself, by keyboard too. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface TableColumn {
  name: string;
  /** Figures stand to the right. */
  figure?: boolean;
  /** Left out on narrow screens. */
  extra?: boolean;
}

export interface TableProps {
  title: string;
  columns: readonly TableColumn[];
  /** Beside the title. */
  tools?: ComponentChildren;
  /** The rows; none: `empty` stands in their place. */
  children: ComponentChildren[];
  empty: string;
  busy?: boolean;
  /** Below the table. */
  foot?: ComponentChildren;
}

export function Table({ title, columns, tools, children, empty, busy = false, foot }: TableProps) {
  const titleId = useId();
  return (
    <section class="admin__section">
      <div class="admin__section-head">
        <h2 id={titleId}>{title}</h2>
        {tools}
      </div>
      {children.length === 0 ? (
        <p class="admin__empty">{empty}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
        <section class="admin-table" tabIndex={0} aria-labelledby={titleId} aria-busy={busy}>
          <table>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.name} scope="col" class={cellClass(column)}>
                    {column.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{children}</tbody>
          </table>
        </section>
      )}
      {foot}
    </section>
  );
}

/** A cell of a column; its first stands for the row. */
export function cellClass({ figure = false, extra = false }: Pick<TableColumn, "figure" | "extra">): string {
  return `${figure ? "admin-table__figure" : ""} ${extra ? "admin-table__extra" : ""}`.trim();
}
