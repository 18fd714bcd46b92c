echo a > 'st*r'; echo b > stxr
