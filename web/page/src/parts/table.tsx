// A table in a box that scrolls: its columns are data, and a list that the server sorts has headings that sort.
import type { ComponentChildren } from "preact";
import { Fragment } from "preact";
import { useList } from "./list";
import { Nothing } from "./parts";
import { Scroll } from "./scroll";

export interface Head {
  head: ComponentChildren;
  /** Is heard and not seen. */
  unseen?: boolean;
  /** Its numbers stand at the right. */
  num?: boolean;
  /** Of the heading and of the cells below it. */
  class?: string;
  /** What the server calls it, where it sorts by it. */
  by?: string;
}

export interface Column<Row> extends Head {
  of: (row: Row) => ComponentChildren;
  /** Whether its cells name their rows. */
  names?: boolean;
  /** More classes of the cells. */
  tone?: string | ((row: Row) => string | undefined);
  /** What is said to who points at the cell. */
  title?: string | ((row: Row) => string | undefined);
}

/** What a row is known by, and more of its attributes. */
export interface RowOf {
  key: string | number;
  class?: string | undefined;
  id?: string;
  tabIndex?: number;
  [data: `data-${string}`]: string | undefined;
}

interface BoxProps {
  /** What is in it, for who doesn't see it. */
  name: string;
  /** What the box around it is called, where that is something else. */
  label?: string;
  class?: string;
  /** Scrolls downwards as well. */
  tall?: boolean;
}

interface TableProps<Row> extends BoxProps {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  row: (row: Row, place: number) => RowOf;
  /** What stands below a row, as wide as the table. */
  below?: (row: Row) => ComponentChildren;
  /** What is said instead of a table without rows. */
  empty?: ComponentChildren;
}

export function Table<Row>({ columns, rows, row, below, empty, ...box }: TableProps<Row>) {
  if (rows.length === 0) return <Nothing>{empty}</Nothing>;
  return (
    <Headed heads={columns} {...box}>
      {rows.map((one, place) => {
        const { key, ...rest } = row(one, place);
        const more = below?.(one);
        return (
          <Fragment key={key}>
            <tr {...rest}>{columns.map((column) => <Cell column={column} row={one} />)}</tr>
            {more && <tr><td colSpan={columns.length}>{more}</td></tr>}
          </Fragment>
        );
      })}
    </Headed>
  );
}

function Cell<Row>({ column: { of, names, num, class: both, tone, title }, row }: { column: Column<Row>; row: Row }) {
  const more = {
    class: classes(num && "num", both, typeof tone === "function" ? tone(row) : tone),
    title: typeof title === "function" ? title(row) : title,
  };
  return names ? <th scope="row" {...more}>{of(row)}</th> : <td {...more}>{of(row)}</td>;
}

/** A table whose rows are its children: each keeps something of its own. */
export function Headed({ name, label = name, class: more, tall = false, heads, children }: BoxProps & { heads: readonly Head[]; children: ComponentChildren }) {
  return (
    <Scroll label={label} tall={tall}>
      <table class={more}>
        <caption class="unseen">{name}</caption>
        <thead>
          <tr>{heads.map((head) => <Heading {...head} />)}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Scroll>
  );
}

function Heading({ head, unseen = false, num = false, class: more, by }: Head) {
  const of = { class: classes(num && "num", more), scope: "col" } as const;
  if (by) return <Sorting by={by} {...of}>{head}</Sorting>;
  return <th {...of}>{unseen ? <span class="unseen">{head}</span> : head}</th>;
}

/** A heading that sorts, first downwards, then upwards; in the address `-` before its name says: the greatest first. */
function Sorting({ by, children, ...more }: { by: string; class: string | undefined; scope: "col"; children: ComponentChildren }) {
  const { query, choose } = useList();
  const sort = query("sort");
  const way = sort === by ? "ascending" : sort === `-${by}` ? "descending" : undefined;
  return (
    <th {...more} aria-sort={way ?? "none"}>
      <button type="button" class="sort" onClick={() => choose("sort", way === "descending" ? by : `-${by}`)}>
        {children}
        <span aria-hidden="true">{way === "ascending" ? " ↑" : way === "descending" ? " ↓" : ""}</span>
      </button>
    </th>
  );
}

function classes(...said: (string | false | undefined)[]): string | undefined {
  return said.filter(Boolean).join(" ") || undefined;
}
