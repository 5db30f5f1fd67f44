"""Operations on the temporal evolution of entities (clauses 5.6.11 to 5.6.16, 5.7.3, 5.7.4)."""
