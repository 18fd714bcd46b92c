mkdir -p d/sub && chmod 700 d && chmod 711 d/sub && touch d/sub/x
