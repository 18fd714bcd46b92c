mkdir -p d/a d/b && chmod 711 d/a && touch d/a/x d/a/y d/b/z
