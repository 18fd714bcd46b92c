mkdir -p x/y && echo a > x/a && echo b > x/y/b && chmod 700 x && chmod 2711 x/y
