mkdir d && echo x > d/x && chown -R 1234:5678 d
