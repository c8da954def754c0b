/** Optional properties: left out of an object where there is no value, as exact optional types ask. */

/** The same members without `undefined`. */
export type Defined<T> = { [Name in keyof T]?: T[Name] & ({} | null) };

/** The members that have a value: `{ ...optional({ name, age }) }`. */
export function optional<T extends object>(members: T): Defined<T> {
  const defined: Defined<T> = {};
  for (const name in members) {
    const member = members[name];
    if (member !== undefined) defined[name] = member;
  }
  return defined;
}
