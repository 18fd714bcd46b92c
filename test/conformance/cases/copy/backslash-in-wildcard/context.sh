echo b > 'back\slash'; echo c > backslash
