/** Comments and issues have this in common. */

export interface Written {
  readonly id: number;
  readonly html_url: string;
  readonly body?: string | null;
  readonly user: { readonly type: string } | null;
  readonly author_association: string;
}

const MEMBERS: readonly string[] = ['OWNER', 'MEMBER', 'COLLABORATOR'];

/** A marker counts only where a bot or a member of the repository has put it: anybody may write a comment. */
export function isOurs({ user, author_association }: Written): boolean {
  return user?.type === 'Bot' || MEMBERS.includes(author_association);
}

/** GitHub takes 65,536 characters. Sluice's own texts are shorter: this is for a file that was edited on the way. */
const LIMIT = 65_000;

export function cutText(text: string): string {
  return text.length <= LIMIT ? text : `${text.slice(0, LIMIT).replace(/[\uD800-\uDBFF]$/, '')}\n\n(cut)\n`;
}
