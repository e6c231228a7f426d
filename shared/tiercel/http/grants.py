"""What a token lets its holder do: which families it may call. No web framework: the authorizer asks, too."""

from tiercel.http.signing import Claims

SCOPE = "tiercel:"
"""`tiercel:sql` among a token's scopes lets it call the family sql; without one of ours it may call all, but
for those that a project gives to everybody who signs in."""
USER_ROLE = "authenticated"
"""The role of whoever has signed in to a Supabase project, which may be anybody who signs up."""
SERVICE_ROLE = "tiercel_service"
"""The role by which a family writes its runs, and runs nothing."""


def families_of(claims: Claims) -> frozenset[str] | None:
    """Give the families that a token is meant for; None: all."""
    scope = claims.get("scope")
    words = scope.split() if isinstance(scope, str) else scope if isinstance(scope, list) else ()
    named = frozenset(str(word).removeprefix(SCOPE) for word in words if str(word).startswith(SCOPE))
    return named or None


def anonymous(claims: Claims) -> str | None:
    """Say that a token is everybody's, or a family's own; None where it is somebody's."""
    if claims.get("role") == "anon":
        # Supabase signs its public key like a user's: it stands in every web page
        return "A token of the role `anon` may not run tasks; use one of a user or of a service."
    if claims.get("role") == SERVICE_ROLE:
        return (
            "A token by which a family keeps its runs may not run tasks; use one of a user or of a service."
        )
    return None


def outside(claims: Claims, family: str, *, to_users: bool = False) -> str | None:
    """Say that a family is none of those that a token is meant for; None where it is one.

    `to_users`: whether the family is for everybody who has signed in.
    """
    families = families_of(claims)
    if families is None and claims.get("role") == USER_ROLE and not to_users:
        return (
            "The token is one of everybody who signs in, and names no family; give it the scope "
            f"`{SCOPE}{family}`, or open the family to all users by TIERCEL_OPEN_TO_USERS=true."
        )
    if families is None or family in families:
        return None
    named = ", ".join(sorted(families))
    return f"The token is for {named} and not for {family}; ask for one with the scope `{SCOPE}{family}`."
