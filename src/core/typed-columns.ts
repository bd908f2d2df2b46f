/** Output columns that were found by their names, with the types that their sink knows. */
import type { EncodeSpec, OutputColumn } from "./ports/format.ts";

/** What a sink says of its columns in the options of its {@link EncodeSpec}. */
export interface ColumnTypes {
  /** Type by name. */
  readonly types: { readonly [column: string]: string };
  /** The type of every other column; absent: not known. */
  readonly otherType?: string;
}

/** The columns of these names. */
export function typedColumns({ options }: EncodeSpec, names: readonly string[]): readonly OutputColumn[] {
  const { types = {}, otherType } = options as Partial<ColumnTypes>;
  return names.map((name) => {
    const type = Object.hasOwn(types, name) ? types[name] : otherType;
    return type === undefined ? { name } : { name, type };
  });
}
