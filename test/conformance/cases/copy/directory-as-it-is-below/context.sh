mkdir -p d/sub; chmod 711 d/sub
