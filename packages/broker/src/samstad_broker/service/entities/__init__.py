"""Operations on whole entities (clauses 5.6 and 5.7)."""
