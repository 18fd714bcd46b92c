mkdir -p a/b && touch a/b/x && chmod 700 a && chmod 711 a/b
