"""Operations on attributes of one entity (clauses 5.6.2 to 5.6.5 and 5.6.19)."""
