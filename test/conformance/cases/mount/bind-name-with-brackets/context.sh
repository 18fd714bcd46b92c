echo x > '[a]*' && echo y > a
