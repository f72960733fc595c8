"""Values in words: numbers, money, times and codes as a speech engine cannot misread them."""
