/** The objects of the contract suite, in words that every destination can follow. */

/** `Plan` refuses the value `bad` when it is written; no plan can know. `Notes` is nobody's business. */
export const ACCOUNT = ['Id', 'Name', 'Plan', 'Seats', 'Notes'] as const;

/** `Parent` refers to another node. */
export const NODE = ['Id', 'Name', 'Parent'] as const;

/** Names that have to be quoted, and a key of two parts. */
export const ODD = { object: 'select "Odd" näme', key: ['Key One', 'key"two'], field: "from; drop 'x'" } as const;
