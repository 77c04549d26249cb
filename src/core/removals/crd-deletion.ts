// Tells a deleted object from one that went with its CRD.

/** What stands of a kind's definition, asked after the object was seen to go. */
export type DefinitionLook =
  | { readonly state: 'gone' }
  /** Its deletion has begun, which deletes all objects of the kind first. */
  | { readonly state: 'deleting' }
  | {
      readonly state: 'stands';
      /** RFC 3339 in UTC, whole seconds, as all timestamps of metadata: their order is that of their texts. */
      readonly createdAt: string;
      /** It is the very definition that this process started with. */
      readonly original: boolean;
    };

/**
 * Whoever deletes a CRD deletes its objects first, and their watchers hear of plain deletions (apiextensions, finalizer
 * customresourcecleanup). But the CRD is marked before the first of them goes: so a look made after the event finds it
 * marked, gone, or, where it has been created again meanwhile, younger than the object. Of the same second as the object,
 * only the definition that was there all the time is surely the object's own.
 *
 * False also where an object is created by an API server whose clock lags behind that of the one which created the CRD
 * shortly before: that errs towards keeping tags.
 */
export function wasDeletedAlone(look: DefinitionLook, objectCreatedAt: string): boolean {
  if (look.state !== 'stands') return false;
  return objectCreatedAt === look.createdAt ? look.original : objectCreatedAt > look.createdAt;
}
